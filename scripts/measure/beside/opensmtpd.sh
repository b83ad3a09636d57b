#!/bin/sh
# OpenSMTPD in a mount namespace of its own (unshare -m): its paths are compiled in, and the system shall not
# see them, nor the accounts that it wants. $1: its files, unpacked; $2: a folder for all it writes.
set -eu
mkdir -p "$2/etc" "$2/spool/smtpd"
chmod 0711 "$2/spool/smtpd"
{ cat /etc/passwd
  echo 'opensmtpd:x:64901:64901::/var/lib/opensmtpd/empty:/bin/false'
  echo 'opensmtpq:x:64902:64902::/var/lib/opensmtpd/empty:/bin/false'; } >"$2/etc/passwd"
{ cat /etc/group; echo 'opensmtpd:x:64901:'; echo 'opensmtpq:x:64902:'; } >"$2/etc/group"
echo 'lookup file' >"$2/etc/resolv.conf"  # every client is looked up: /etc/hosts has it
mount --bind "$2/etc/resolv.conf" /etc/resolv.conf
mount --bind "$2/etc/passwd" /etc/passwd
mount --bind "$2/etc/group" /etc/group
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/opensmtpd/empty
mount --bind "$2/spool" /var/spool
LD_LIBRARY_PATH=$1/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH
exec "$1/usr/sbin/smtpd" -d -F -P mta -P mda -f "$2/smtpd.conf"
