target "app-a" {}
target "app-b" {}
target "web" {}
group "apps" {
  targets = ["app-*"]
}
