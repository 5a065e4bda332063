import tinytext
import tinyweb

print(tinytext.title(tinyweb.greet("you")))
