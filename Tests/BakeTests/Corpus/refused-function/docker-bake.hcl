target "default" {
  tags = ["app:${uuidv4()}"]
}
