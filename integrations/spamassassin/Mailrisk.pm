# Asks mailrisk about each message (POST /api/v1/messages:check); rules match its verdict.
# Place: /etc/spamassassin/Mailrisk.pm, loaded by mailrisk.cf. See docs/integrations/spamassassin.md.

package Mail::SpamAssassin::Plugin::Mailrisk;

use strict;
use warnings;
use re 'taint';

use HTTP::Tiny;
use JSON::PP ();
use Mail::SpamAssassin::Conf;
use Mail::SpamAssassin::Logger;
use Mail::SpamAssassin::Plugin;
use Mail::SpamAssassin::Timeout;

our @ISA = qw(Mail::SpamAssassin::Plugin);

sub new {
  my ($class, $main) = @_;
  my $self = $class->SUPER::new($main);
  bless $self, ref($class) || $class;
  $self->{mailrisk_off} = $main->{local_tests_only};
  $self->register_eval_rule('check_mailrisk', $Mail::SpamAssassin::Conf::TYPE_FULL_EVALS);
  my $conf = $main->{conf};
  my @settings = (
    { setting => 'mailrisk_url', default => 'http://127.0.0.1:8025', type => $Mail::SpamAssassin::Conf::CONF_TYPE_STRING },
    { setting => 'mailrisk_key', default => '', type => $Mail::SpamAssassin::Conf::CONF_TYPE_STRING },
    { setting => 'mailrisk_timeout', default => 10, type => $Mail::SpamAssassin::Conf::CONF_TYPE_NUMERIC },
  );
  # Nobody's user_prefs may send mail elsewhere or read the key.
  $_->{is_admin} = 1, $_->{is_priv} = 1 for @settings;
  $conf->{parser}->register_commands(\@settings);
  return $self;
}

# check_mailrisk('malicious'): whether the verdict is of that level; 'fail': whether nobody could be asked.
sub check_mailrisk {
  my ($self, $pms, $fulltext, $level) = @_;
  return 0 if $self->{mailrisk_off} || $pms->{conf}->{mailrisk_key} eq '';
  $pms->{mailrisk} ||= $self->_ask($pms, $fulltext);
  return 0 if $pms->{mailrisk}->{level} ne $level;
  $pms->test_log($pms->{mailrisk}->{log}) if $pms->{mailrisk}->{log} ne '';
  return 1;
}

sub _ask {
  my ($self, $pms, $fulltext) = @_;
  my $conf = $pms->{conf};
  my $url = $conf->{mailrisk_url} . '/api/v1/messages:check?' . $self->_query($pms);
  my $answer;
  my $timer = Mail::SpamAssassin::Timeout->new({ secs => $conf->{mailrisk_timeout} });
  my $died = $timer->run_and_catch(sub {
    $answer = HTTP::Tiny->new(timeout => $conf->{mailrisk_timeout}, max_redirect => 0)->post($url, {
      headers => { 'X-API-Key' => $conf->{mailrisk_key}, 'Content-Type' => 'message/rfc822' },
      content => $$fulltext,
    });
  });
  return _failed('timed out') if $timer->timed_out();
  return _failed($died) if $died;
  return _failed("HTTP $answer->{status}") if $answer->{status} != 200;
  my $said = eval { JSON::PP->new->utf8->decode($answer->{content}) };
  return _failed('no JSON') if ref $said ne 'HASH' || !defined $said->{level};
  my @codes = map { $_->{code} } grep { $_->{weight} > 0 } @{ $said->{reasons} || [] };
  splice @codes, 8 if @codes > 8;
  my $log = join ' ', "score=$said->{score}", $said->{category} || (), @codes;
  return { level => $said->{level}, log => $log };
}

sub _failed {
  my ($why) = @_;
  $why =~ s/\s+/ /g;
  warn "mailrisk: $why\n";
  return { level => 'fail', log => substr($why, 0, 60) };
}

# The SMTP envelope, as far as the trusted Received headers tell it.
sub _query {
  my ($self, $pms) = @_;
  my $relay = ($pms->{relays_external} || [])->[0] || ($pms->{relays_untrusted} || [])->[0];
  my %envelope = (mail_from => scalar $pms->get('EnvelopeFrom:addr'));
  if ($relay && !$relay->{auth}) {
    $envelope{client_ip} = $relay->{ip};
    $envelope{helo} = $relay->{helo};
  }
  return join '&', map { "$_=" . _escape($envelope{$_}) }
    grep { defined $envelope{$_} && $envelope{$_} ne '' } sort keys %envelope;
}

sub _escape {
  my ($text) = @_;
  $text =~ s/[\r\n]//g;
  $text =~ s/([^A-Za-z0-9._~-])/sprintf('%%%02X', ord($1) & 0xff)/ge;
  return $text;
}

1;
