FROM scratch
COPY <<helped /
from an image that only the trigger names
helped
