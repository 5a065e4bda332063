target "base" {
  dockerfile = "base.Dockerfile"
  tags = ["base:dev"]
  output = ["type=registry"]
}
target "app" {
  contexts = {
    base   = "target:base"
    alpine = "docker-image://example.org/alpine:3"
    src    = "../src"
    unset  = ""
  }
}
