import linux

for words in (FileNotFoundError, OSError, RuntimeError, linux.Error):
    try:
        linux.umount("/nowhere")
    except words as error:
        print(words.__name__, error.args, error.filename)
