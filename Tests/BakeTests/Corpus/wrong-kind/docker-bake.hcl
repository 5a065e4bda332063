target "default" {
  tags = "a"
}
