variable "PORT" {
  type = number
  default = 80
}
