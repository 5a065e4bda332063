# What the release builds.
group "default" {
  targets = ["app", "tools"]
}

variable "TAG" {
  default = "latest"
}

variable "DEBUG" {
  default = false
}

variable "JOBS" {
  default = 4
}

target "app" {
  context    = "./app"
  dockerfile = "../docker/app.Dockerfile"
  tags       = ["example.org/app:${TAG}", equal("", TAG) ? "" : "example.org/app:${substr(TAG, 0, 1)}"]
  args = {
    DEBUG = DEBUG
    JOBS  = JOBS + 1
    NONE  = null
  }
  labels = {
    "org.opencontainers.image.title" = "app $${TAG}"
  }
}

target "tools" {
  target = DEBUG ? "debug" : "release"
}
