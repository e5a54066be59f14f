import linux, os

fs = linux.fsopen("tmpfs")
try:
    linux.fsconfig(fs, linux.FSCONFIG_SET_STRING, "colour", "blue")
except linux.Error as error:
    print(error.strerror)
    print(os.read(fs, 4096).decode().strip())   # the file system's own words
os.close(fs)
