# Starts a program with a window, prints the time until the window appears, takes a screenshot, closes the window and
# prints how long the program takes to end. Runs inside the chroot: start_to_window.sh PROGRAM TITLE PICTURE
program=$1 title=$2 picture=$3
now() { date +%s%3N; }

start=$(now)
wine "$program" &
started=$!
window=
while [ -z "$window" ]; do
    kill -0 "$started" 2>/dev/null || { echo "the program ended before its window appeared"; exit 1; }
    sleep 0.05
    window=$(xdotool search --onlyvisible --name "^$title\$" 2>/dev/null | head -n 1)
done
echo "start to window: $(($(now) - start)) ms"

sleep 5 # let the window load its contents for the screenshot
import -window root "$picture"
wine 'C:\Python311\python.exe' tools/wine/close_window.py "$title" || exit 1
wait "$started"
code=$?
echo "exit code $code"
exit "$code"
