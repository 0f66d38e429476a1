"""The demonstration: a real adb server, virtual phones, a virtual Onlinesim and the whole app on a scratch folder."""
