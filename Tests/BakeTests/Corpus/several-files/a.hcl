target "app" {
  tags = ["a:${V}"]
}
