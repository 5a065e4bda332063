TAG = "b"
target "app" {
  args = { B = "2" }
  no-cache = true
}
group "default" {
  targets = ["app"]
}
