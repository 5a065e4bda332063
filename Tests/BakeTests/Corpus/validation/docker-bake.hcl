variable "FOO" {
  default = "bar"
  validation {
    condition = FOO == upper(FOO)
    error_message = "FOO is to be in capitals, not ${FOO}"
  }
}
