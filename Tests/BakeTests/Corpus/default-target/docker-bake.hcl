target "default" {
  tags = ["app:1"]
}
