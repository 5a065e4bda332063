target "default" {
  context = "a
}
