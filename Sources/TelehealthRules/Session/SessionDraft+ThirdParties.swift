// People beyond client, guardian and clinician: in the visit only with the consents that the client's place asks for.
// Whoever lacks one waits; a consent that ends sends out, one that comes lets in whoever waited for nothing else.

internal import TelehealthModel

extension SessionDraft {
    /// What the place asks of the client's side, and perhaps of the person, for this person to take part.
    ///
    /// - Returns: empty for anyone but a third party.
    func thirdPartyGaps(_ person: Participant, _ ledger: ConsentLedger) -> [ConsentGap] {
        guard person.isThirdParty else { return [] }
        let client = state.session.clientID
        var parties = [ConsentLedger.Party(subject: client, role: .client)]
        parties += state.admitted.filter { $0.isClientParty && $0.subjectID != client }
            .map(ConsentLedger.Party.init)
        parties.append(ConsentLedger.Party(person))
        let matter = ConsentLedger.Matter(
            action: .thirdParty, session: state.session.id, purpose: .clinical, context: context)
        return ledger.evaluate(matter, parties).missing
    }

    /// Whoever is in the visit without a consent is so no more, by the clinic's policy.
    mutating func sendOutThirdParties(_ ledger: ConsentLedger) {
        for person in state.admitted where !thirdPartyGaps(person, ledger).isEmpty {
            switch policy.thirdPartyWithoutConsent {
            case .wait:
                // Who was let in by name is so again; for the others the consent was all that is asked.
                putBack(person, isHeld: person.entry == .byName, reason: .thirdPartyConsentMissing)
            case .remove: dismiss(person.id, reason: .thirdPartyConsentMissing)
            }
        }
    }

    /// A consent to third parties has ended, or a new word has come.
    mutating func judgeThirdParties(_ ledger: ConsentLedger) {
        guard !state.session.status.isTerminal else { return }
        sendOutThirdParties(ledger)
        // Who only went away may still hold a token that Chime lets in.
        for person in state.participants where person.state == .left && person.admittedAt != nil {
            if !thirdPartyGaps(person, ledger).isEmpty { endAttendee(of: person) }
        }
        admitWaitingPeople(ledger)
    }
}
