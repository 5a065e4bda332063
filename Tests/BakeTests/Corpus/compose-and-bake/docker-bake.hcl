variable "TAG" { default = "x" }
target "app" {
  tags = ["app:${TAG}"]
  args = { B = "2" }
}
