target "base" {
  context = "base"
  args = { A = "1", B = "1" }
  tags = ["base"]
  annotations = ["index:a=b"]
  platforms = ["linux/amd64"]
  cache-from = ["example.org/cache"]
  no-cache-filter = ["deps"]
}
target "debug" {
  args = { B = "2", C = "2" }
  output = ["type=docker"]
  pull = true
}
target "app" {
  inherits = ["base", "debug"]
  args = { C = "3" }
  tags = ["app"]
  annotations = ["manifest:c=d"]
  cache-from = ["type=local,src=cache"]
  platforms = ["linux/arm64"]
}
