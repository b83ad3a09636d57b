// Haraka discards: 250, and the message is gone.
'use strict'

exports.register = function () {
    this.register_hook('lookup_rdns', 'named')
    this.register_hook('rcpt', 'known')
    this.register_hook('queue', 'discard')
}

exports.named = (next) => next(OK, 'client.example')

exports.known = (next) => next(OK)

exports.discard = (next) => next(OK)
