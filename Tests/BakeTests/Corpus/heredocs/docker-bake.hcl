target "default" {
  dockerfile-inline = <<-EOT
    FROM scratch
    %{ for name in ["a", "b"] ~}
    COPY ${name} /
    %{ endfor ~}
  EOT
}
