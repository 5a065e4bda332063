targets "default" {
}
