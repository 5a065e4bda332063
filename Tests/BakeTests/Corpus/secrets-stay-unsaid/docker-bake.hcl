target "default" {
  secret = ["hunter2"]
}
