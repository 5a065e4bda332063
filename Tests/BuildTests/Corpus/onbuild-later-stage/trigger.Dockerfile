FROM base
ONBUILD RUN --mount=from=late,target=/late cp /late/etc/passwd /x
