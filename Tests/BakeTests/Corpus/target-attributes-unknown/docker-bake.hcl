target "app" {
  tags = [target.app2.context]
}
target "app3" {}
