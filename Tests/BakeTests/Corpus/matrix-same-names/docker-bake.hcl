target "app" {
  name = "app-x"
  matrix = { a = [1, 2] }
}
