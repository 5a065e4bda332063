target "default" {
  context = "a"
