target "app" {
  matrix = { a = [1] }
}
