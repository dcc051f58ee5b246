UPDATE fence_guard SET token = ? WHERE resource = ? AND token <= ?
