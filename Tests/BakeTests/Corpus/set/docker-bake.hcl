target "app" {
  args = { A = "1" }
  tags = ["app"]
  cache-from = ["example.org/a"]
}
target "web" {
  inherits = ["app"]
}
target "db" {
}
