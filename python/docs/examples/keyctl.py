import linux

linux.keyctl(linux.KEYCTL_JOIN_SESSION_KEYRING, None)
key = linux.add_key("user", "token", b"secret", linux.KEY_SPEC_SESSION_KEYRING)
print(linux.keyctl(linux.KEYCTL_READ, key))
print(linux.keyctl(linux.KEYCTL_DESCRIBE, key).rsplit(";", 1)[1])
linux.keyctl(linux.KEYCTL_REVOKE, key)
try:
    linux.keyctl(linux.KEYCTL_READ, key)
except linux.Error as error:
    print(error)
