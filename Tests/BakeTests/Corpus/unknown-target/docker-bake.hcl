target "backend" {}
