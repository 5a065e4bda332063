import Foundation

print("served")
