group "default" {
  targets = ["all"]
}
group "all" {
  targets = ["images", "lint"]
  description = "everything"
}
group "images" {
  targets = ["app", "web"]
}
target "app" {}
target "web" {}
target "lint" { call = "check" }
