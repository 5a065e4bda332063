variable "TAG" {
  default = "a"
}
target "app" {
  tags = ["app:${TAG}"]
  args = { A = "1", B = "1" }
}
