variable "LIST" {
  type    = list(string)
  default = ["a"]
}
variable "NUMBERS" {
  default = [1, 2]
}
variable "MAP" {
  type    = map(number)
  default = {}
}
variable "PORT" {
  type = number
}
variable "NOTHING" {
  default = null
}
variable "EMPTY" {
}
target "default" {
  tags = LIST
  args = merge({ for k, v in MAP : k => v + 1 }, {
    SUM = NUMBERS[0] + NUMBERS[2]
    PORT = PORT
    NOTHING = NOTHING == null ? "null" : NOTHING
    EMPTY = "[${EMPTY}]"
  })
}
