"""The adb side: smart-socket client, device tracking, SMS query, SIM sources, arrival hints."""
