#!/bin/sh
# Lists the links of this extension.
find "$(dirname "$0")/.." -type l
