import OCI

/// A branch name as part of an image tag: lower-case letters, digits, `.`, `_` and `-`, at most 63 characters.
///
/// A name that had to be changed gets eight digits of its hash, so that `feature/a` and `feature-a` stay apart.
func slug(of name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
        switch scalar {
        case "a"..."z", "0"..."9", ".", "_", "-": result.unicodeScalars.append(scalar)
        case "A"..."Z": result += scalar.properties.lowercaseMapping
        default: if result.last != "-" { result.append("-") }
        }
    }
    result = String(result.drop { ".-".contains($0) })
    guard result != name || result.isEmpty || result.utf8.count > 63 else { return result }
    let hash = Digest.of(Array(name.utf8)).hex.prefix(8)
    let head = result.prefix(54)
    return head.isEmpty ? String(hash) : "\(head)-\(hash)"
}
