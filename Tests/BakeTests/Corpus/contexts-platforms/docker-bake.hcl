target "base" {
  platforms = ["linux/amd64", "linux/arm/v7"]
}
target "app" {
  platforms = ["linux/amd64", "linux/arm64"]
  contexts = { base = "target:base" }
}
