target "app" {
  cache-from = [{ type = "registry", ref = "example.org/cache" }, "example.org/other"]
  cache-to   = [{ type = "local", dest = "cache", mode = "max" }]
  output     = [{ type = "oci", dest = "out.tar" }, "type=local,dest=out", "dist", "-"]
  secret     = [{ id = "token", env = "TOKEN" }, "id=key,src=key.pem", { type = "env", id = "OTHER" }]
  ssh        = ["default", { id = "git", paths = ["a", "b"] }, "deploy=key.pem"]
  attest     = [{ type = "provenance", mode = "max" }, "type=sbom,disabled=true"]
  ulimits    = ["nofile=1024:2048"]
  extra-hosts = { db = "10.0.0.1" }
  shm-size   = "128m"
  network    = "host"
  entitlements = ["security.insecure"]
  no-cache   = true
  call       = "check"
  dockerfile-inline = <<EOF
FROM scratch
ARG X=$${Y}
EOF
}
