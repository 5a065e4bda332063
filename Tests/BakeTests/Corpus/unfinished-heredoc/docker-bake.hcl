x = <<EOF
abc
