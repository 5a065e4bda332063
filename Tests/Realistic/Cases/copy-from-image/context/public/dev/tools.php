dev
