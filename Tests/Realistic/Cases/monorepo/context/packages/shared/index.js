exports.shared = true
