target "default" {
  tags = [uper("a")]
}
