target "app" {
  name = "app-${tgt}-${replace(item.version, ".", "-")}"
  matrix = {
    tgt  = ["lint", "test"]
    item = [{ version = "1.0" }, { version = "2.0" }]
  }
  target = tgt
  args = {
    VERSION = item.version
  }
  tags = tgt == "test" ? ["app:${item.version}"] : null
}
