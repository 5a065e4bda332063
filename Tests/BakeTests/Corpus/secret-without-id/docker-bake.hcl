target "app" {
  secret = ["src=key.pem"]
}
