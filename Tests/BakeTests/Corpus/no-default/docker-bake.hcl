target "backend" {}
target "frontend" {}
