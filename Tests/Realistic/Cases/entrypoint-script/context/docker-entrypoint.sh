#!/bin/sh
set -e
if [ "$1" = service ]; then
    echo "starting in $DATA_DIR"
    exit
fi
exec "$@"
