file { '/etc/message.txt':
  ensure  => file,
  mode    => '0644',
  content => "${lookup('message')}\n",
}
