# Starts a windowed program, prints the time until its window is there, takes a picture of it, closes it like a user
# and prints how long the end takes. Runs inside the tree: start_to_window.sh PROGRAM TITLE PICTURE
program=$1 title=$2 picture=$3
now() { date +%s%3N; }

begun=$(now)
wine "$program" &
started=$!
window=
while [ -z "$window" ]; do
    kill -0 "$started" 2>/dev/null || { echo "it ended before its window was there"; exit 1; }
    sleep 0.05
    window=$(xdotool search --onlyvisible --name "^$title\$" 2>/dev/null | head -n 1)
done
echo "start to window: $(($(now) - begun)) ms"

sleep 5 # the picture is for eyes: the window has filled itself by then
import -window root "$picture"
wine 'C:\Python311\python.exe' tools/wine/close_window.py "$title" || exit 1
wait "$started"
code=$?
echo "exit code $code"
exit "$code"
