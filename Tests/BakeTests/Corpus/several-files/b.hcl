variable "V" {
  default = "1"
}
V = "2"
