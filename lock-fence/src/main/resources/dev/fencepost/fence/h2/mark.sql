SELECT token FROM fence_guard WHERE resource = ? FOR UPDATE
