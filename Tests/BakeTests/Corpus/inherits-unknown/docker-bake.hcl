target "app" {
  inherits = ["bsae"]
}
target "base" {}
