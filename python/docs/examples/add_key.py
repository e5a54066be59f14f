import linux

linux.keyctl(linux.KEYCTL_JOIN_SESSION_KEYRING, "box")
ring = linux.add_key("keyring", "inner", None, linux.KEY_SPEC_SESSION_KEYRING)
key = linux.add_key("user", "token", "secret", ring)
found = linux.keyctl(linux.KEYCTL_SEARCH, linux.KEY_SPEC_SESSION_KEYRING, "user", "token")
print(found == key)
